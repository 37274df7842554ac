"""What a relay says, and what becomes of the mail."""
import pytest

ANN, BOB = "ann@police.example", "bob@police.example"


def begin(board, server, rows=(f"{ANN},Ann",), **conf):
    board.relay(server)
    board.list("police", rows, **conf)
    board.start()
    board.live()
    board.brief("LTB-1")


def queue(board):
    return board.facts("status")["queue"]


def attempts(board):
    return board.rows("SELECT outcome, code, enhanced FROM attempt"
                      " ORDER BY delivery_id, number")


@pytest.mark.parametrize("where", ["on_rcpt", "on_data"])
def test_f10_a_4xx_is_tried_again(board, recorder, where):
    replies = iter(["451 4.7.1 Greylisted", "450 4.2.0 Later"])
    setattr(recorder, where, lambda _: next(replies, None))
    begin(board, recorder)
    board.until(lambda: queue(board)["accepted"] == 1, "it is accepted")
    assert attempts(board) == [("later", 451, "4.7.1"), ("later", 450, "4.2.0"),
                               ("accepted", 250, "2.0.0")]
    assert len(recorder.mails) == 1


@pytest.mark.parametrize("where", ["on_mail", "on_rcpt", "on_data"])
def test_f10_a_5xx_is_final(board, recorder, where):
    setattr(recorder, where, lambda _: "550 5.1.1 No such person here")
    begin(board, recorder)
    board.until(lambda: queue(board)["refused"] == 1, "it is refused")
    assert attempts(board) == [("refused", 550, "5.1.1")]
    total = board.facts("report")["total"]
    assert (total["required"], total["accepted"], total["failed"]) == (1, 0, 1)


def test_f20_one_refusal_does_not_touch_the_next(board, recorder):
    recorder.on_rcpt = lambda to: "550 5.1.1 No" if to == ANN else None
    begin(board, recorder, [f"{ANN},Ann", f"{BOB},Bob"])
    board.until(lambda: queue(board)["refused"] == 1 and
                queue(board)["accepted"] == 1, "both are settled")
    assert [m.recipient for m in recorder.mails] == [BOB]


def test_f20_lost_after_the_dot_is_sent_again_with_the_same_bytes(board,
                                                                  recorder):
    seen = []

    def lose_the_first(mail):
        seen.append(mail.raw)
        return "drop" if len(seen) == 1 else None
    recorder.on_data = lose_the_first
    begin(board, recorder)
    board.until(lambda: queue(board)["accepted"] == 1, "it is accepted")
    assert [each[0] for each in attempts(board)] == ["unsure", "accepted"]
    assert len(seen) == 2 and seen[0] == seen[1]


def test_f20_lost_after_the_dot_is_held_where_the_list_says(board, recorder):
    recorder.on_data = lambda _: "drop"
    begin(board, recorder, unsure="hold")
    board.until(lambda: queue(board)["unsure"] == 1, "it is held")
    assert len(attempts(board)) == 1


def test_f20_smtp_sink_that_puts_off(board, sink):
    begin(board, sink("-q", "RCPT", "-Q", "450 4.2.0 Later"))
    board.until(lambda: len(attempts(board)) >= 2, "two attempts")
    assert queue(board)["accepted"] == 0 and queue(board)["refused"] == 0


def test_f20_smtp_sink_that_answers_slowly(board, sink):
    server = sink("-w", "1")
    begin(board, server, [f"m{i}@police.example,M" for i in range(6)])
    board.until(lambda: queue(board)["accepted"] == 6, "all are accepted")
    assert server.count == 6


def test_f30_nobody_listens_yet(board, recorder):
    recorder.controller.stop()
    begin(board, recorder)
    board.until(lambda: attempts(board), "an attempt")
    assert attempts(board)[0][:2] == ("later", 0)
    recorder.controller.start()
    board.until(lambda: queue(board)["accepted"] == 1, "it is accepted")


def test_f30_pause_and_resume(board, recorder):
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann"])
    board.start()
    board.live()
    board.ctl("pause", "--reason", "the lists are being checked")
    board.brief("LTB-1")
    board.until(lambda: queue(board)["due"] == 1, "it is planned")
    assert recorder.offered == 0
    board.ctl("resume")
    board.until(lambda: queue(board)["accepted"] == 1, "it is accepted")
