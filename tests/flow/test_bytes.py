"""The same delivery has the same bytes for ever: what went wrong in between,
and what changed meanwhile, shows in no copy."""
from test_delivery import PDF, begin, until_state


def not_yet(copies):
    def answer(mail):
        copies.setdefault(mail.recipient, []).append(mail.raw)
        return "450 4.2.0 not now"
    return answer


def test_f10_across_restart_template_and_list(board, recorder):
    copies = {}
    recorder.on_data = not_yet(copies)
    rows = ["ann@police.example,Ann Ashdown", "chi@police.example,李 晓明"]
    begin(board, recorder, rows, documents="attached")
    board.brief("LTB-1", documents={"a.pdf": PDF})
    board.until(lambda: len(copies) == 2 and
                min(map(len, copies.values())) >= 2, "two copies of each")

    board.stop()
    # all that a letter is made from
    mail = board.folder / "templates" / "mail"
    mail.mkdir(parents=True, exist_ok=True)
    (mail / "digest.txt").write_text("Other words: {{{link_slot}}}\n")
    (mail / "digest.html").write_text("<p>Other words: {{{link_slot}}}</p>\n")
    board.list("police", ["ann@police.example,Ann Other-Name",
                          "chi@police.example,晓明 李"],
               title="Another title", from_name="Another sender",
               reply_to="other@severnside.example", documents="linked")
    board.configure(board={"name": "Another Board", "help": "nobody"})
    before = {to: len(raws) for to, raws in copies.items()}
    board.start()
    board.until(lambda: [person["name"] for person in board.facts(
        "list", "show", "police")["people"]] == ["Ann Other-Name", "晓明 李"],
        "the list is loaded again")
    board.until(lambda: all(len(copies[to]) > before[to] for to in copies),
                "copies after the change")

    board.kill()
    board.start()
    recorder.on_data = None
    until_state(board, "accepted", 2)
    for mail in recorder.mails:
        assert mail.message["From"].startswith("Severnside learning")
        assert set(copies[mail.recipient]) == {mail.raw}
    assert len({mail.recipient for mail in recorder.mails}) == 2
    # and what is planned from now on does have the new words
    recorder.mails.clear()
    board.brief("LTB-2")
    board.until(lambda: len(recorder.mails) == 2, "the next mails")
    for mail in recorder.mails:
        assert mail.text.startswith("Other words")
        assert mail.message["From"].startswith("Another sender")


def test_f20_across_a_new_version_of_another_briefing(board, recorder):
    """What happens beside a delivery does not touch it."""
    copies = {}
    recorder.on_data = not_yet(copies)
    begin(board, recorder)
    board.brief("LTB-1")
    board.until(lambda: len(copies.get("ann@police.example", [])) >= 2,
                "two copies")
    board.brief("LTB-2")
    board.until(lambda: len(set(copies["ann@police.example"])) == 2,
                "the other briefing goes too")
    board.brief("LTB-2", summary="Other words.\n")
    recorder.on_data = None
    board.until(lambda: len(recorder.mails) >= 2, "both arrive")
    first = copies["ann@police.example"][0]
    assert [mail.raw for mail in recorder.mails].count(first) == 1
