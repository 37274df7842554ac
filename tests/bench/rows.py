"""The rows: each function measures some of them and gives them back."""

import peers
from scene import Scene, Sink, fsync_ms
from table import Row, median, rate

CONNECTIONS = 16


def tell(*words):
    print(*words, flush=True)


def slot_rows(folder, options):
    """From the slot to the last accepted mail, against what only sends."""
    ours, curl, source, source_d = [], [], [], []
    with Sink(folder, keep=False) as sink:
        scene = Scene(folder, sink, options.members, CONNECTIONS)
        body = folder / "body"
        for _ in range(options.runs):
            scene.brief()
            body.write_bytes(scene.letter())
            size = body.stat().st_size
            common = sink.port, options.members, CONNECTIONS
            ours.append(scene.slot())
            curl.append(peers.curl(*common, body))
            source.append(peers.smtp_source(*common, size))
            source_d.append(peers.smtp_source(*common, size, stay=True))
            tell(f"  slot {ours[-1].rate:.0f}/s {ours[-1].cpu_ms:.3f} ms, "
                 f"libcurl {curl[-1].rate:.0f}/s {curl[-1].cpu_ms:.3f} ms, "
                 f"smtp-source {source[-1].rate:.0f}/s, "
                 f"-d {source_d[-1].rate:.0f}/s, "
                 f"fsync {fsync_ms(folder):.2f} ms, {size} bytes")
        scene.end()
    work = f"slot to last accepted, {options.members:,} mails of {size:,} bytes"

    def against(peer, theirs, goal):
        return Row(work, rate(each.rate for each in ours), peer,
                   rate(each.rate for each in theirs),
                   median(a.rate / b.rate for a, b in zip(ours, theirs)), goal)

    cpu = Row("its processor time a mail", f"{median(a.cpu_ms for a in ours):.3f} ms",
              f"libcurl alone, {CONNECTIONS} threads",
              f"{median(a.cpu_ms for a in curl):.3f} ms",
              median(a.cpu_ms / b.cpu_ms for a, b in zip(ours, curl)), 1.3,
              most=True)
    return [against(f"libcurl alone, {CONNECTIONS} threads", curl, 0.95), cpu,
            against(f"smtp-source -s {CONNECTIONS}", source, 1.15),
            against(f"smtp-source -d -s {CONNECTIONS}", source_d, 0.8)]


ROWS = {"slot": slot_rows}
