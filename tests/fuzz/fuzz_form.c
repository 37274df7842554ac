#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doors/form.h"
#include "doors/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct form form;

	if (!form_parse(&form, (const char *)data, size, NULL))
		return 0;
	if (form.count > HTTP_FIELDS_MAX)
		abort();
	for (size_t i = 0; i < form.count; i++) {
		const char *name = form.fields[i].name;
		const char *value = form.fields[i].value;

		if (!text_is_utf8(name, strlen(name), NULL) ||
		    !text_is_utf8(value, strlen(value), NULL) ||
		    !form_get(&form, name, 0))
			abort();
	}
	form_done(&form);
	return 0;
}
