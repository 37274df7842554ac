#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include <kainjow/mustache.hpp>

extern "C" {
#include "base/buf.h"
#include "base/err.h"
#include "tools/mustache.h"
#include "tools/view.h"
}

using kainjow::mustache::data;

struct mustache {
	kainjow::mustache::mustache page;
	mustache_escape *escape = nullptr; /* of the rendering that runs */

	explicit mustache(std::string text) : page(std::move(text))
	{
	}
};

namespace
{

/* Ends a rendering whose output has reached its ceiling. */
struct overflow : std::exception {
};

data data_of_view(const view *view);

data data_of_list(const view_entry *entry)
{
	data list(data::type::list);
	/* push_back would copy each item with all that is below it */
	auto &items = const_cast<kainjow::mustache::list &>(list.list_value());
	size_t count = 0;

	for (const view *item = entry->object; item; item = item->next)
		count++;
	items.reserve(count);
	for (const view *item = entry->object; item; item = item->next)
		items.emplace_back(data_of_view(item));
	return list;
}

data data_of_entry(const view_entry *entry)
{
	switch (entry->kind) {
	case VIEW_TEXT:
		/* to kainjow an empty text is true; to us it is not there */
		if (*entry->text)
			return data(std::string(entry->text));
		return data(false);
	case VIEW_FLAG:
		return data(entry->flag);
	case VIEW_OBJECT:
		return data_of_view(entry->object);
	case VIEW_LIST:
		return data_of_list(entry);
	}
	std::abort();
}

data data_of_view(const view *view)
{
	data object(data::type::object);

	for (const view_entry *entry = view->entries; entry;
	     entry = entry->next)
		object[entry->key] = data_of_entry(entry);
	return object;
}

std::string escape_with(mustache_escape *escape, const std::string &text)
{
	struct buf out;

	buf_init(&out, text.size() * 6 + 1); /* "&quot;" is the longest */
	escape(&out, text.data(), text.size());
	std::string escaped(out.data, out.size);
	buf_done(&out);
	return escaped;
}

void add_without_marks(struct buf *out, const std::string &text)
{
	size_t from = 0;

	for (;;) {
		size_t mark = text.find(MUSTACHE_KEEP, from);

		if (mark == std::string::npos)
			break;
		buf_add(out, text.data() + from, mark - from);
		from = mark + 1;
	}
	buf_add(out, text.data() + from, text.size() - from);
	if (out->overflow)
		throw overflow();
}

} // namespace

struct mustache *mustache_new(const char *text, size_t size, struct err *err)
try {
	auto *made = new mustache(std::string(text, size));

	if (!made->page.is_valid()) {
		err_set(err, ERR_INPUT, "%s",
			made->page.error_message().c_str());
		delete made;
		return nullptr;
	}
	made->page.set_custom_escape([made](const std::string &shown) {
		return made->escape ? escape_with(made->escape, shown) : shown;
	});
	return made;
} catch (const std::bad_alloc &) {
	std::abort(); /* as xmalloc does */
} catch (const std::exception &fault) {
	err_set(err, ERR_SYSTEM, "%s", fault.what());
	return nullptr;
} catch (...) {
	err_set(err, ERR_SYSTEM, "an unknown exception");
	return nullptr;
}

void mustache_free(struct mustache *mustache)
{
	delete mustache;
}

bool mustache_render(struct mustache *mustache, const struct view *view,
		     mustache_escape *escape, struct buf *out, struct err *err)
try {
	const data values = data_of_view(view);

	mustache->escape = escape;
	mustache->page.render(values, [out](const std::string &line) {
		add_without_marks(out, line);
	});
	if (mustache->page.is_valid())
		return true;
	return err_set(err, ERR_SYSTEM, "%s",
		       mustache->page.error_message().c_str());
} catch (const overflow &) {
	return err_set(err, ERR_FULL, "more than %zu bytes", out->ceiling);
} catch (const std::bad_alloc &) {
	std::abort();
} catch (const std::exception &fault) {
	return err_set(err, ERR_SYSTEM, "%s", fault.what());
} catch (...) {
	return err_set(err, ERR_SYSTEM, "an unknown exception");
}
