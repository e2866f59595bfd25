"""The rejects file: what the database committed is what is read, whatever was written after it."""

from exports.rejects import NAME, Reject, RejectFile, read


def reject(row, end="invalid"):
    return Reject(row, end, (("phone", "phone", "must be a phone number"),))


def append(folder, committed, found):
    return RejectFile(folder, committed).append(found)


def test_rejects_come_back_as_they_were_written(tmp_path):
    length = append(tmp_path, 0, [reject(3), reject(7, "refused")])
    assert list(read(tmp_path, length)) == [reject(3), reject(7, "refused")]


def test_what_was_never_committed_is_cut_off(tmp_path):
    committed = append(tmp_path, 0, [reject(1)])
    append(tmp_path, committed, [reject(2)])  # and then the process died
    length = append(tmp_path, committed, [reject(5)])
    assert list(read(tmp_path, length)) == [reject(1), reject(5)]


def test_nothing_to_write_changes_nothing(tmp_path):
    assert append(tmp_path, 0, []) == 0
    assert list(read(tmp_path, 0)) == []


def test_only_the_owner_may_read_them(tmp_path):
    append(tmp_path, 0, [reject(1)])
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def writing(monkeypatch):
    """What is written from now on, piece by piece."""
    written, write = [], RejectFile._write
    monkeypatch.setattr(RejectFile, "_write", lambda file, data: written.append(data) or write(file, data))
    return written


def test_what_was_written_ahead_is_not_written_again(tmp_path, monkeypatch):
    file = RejectFile(tmp_path, 0)
    file.write_ahead([reject(1), reject(2)])
    written = writing(monkeypatch)
    assert list(read(tmp_path, file.append([reject(1)]))) == [reject(1)]
    assert list(read(tmp_path, file.append([reject(2)]))) == [reject(1), reject(2)]
    assert not written


def test_rows_that_ended_otherwise_than_written_ahead_are_written_as_they_ended(tmp_path):
    file = RejectFile(tmp_path, 0)
    file.write_ahead([reject(1), reject(3), reject(4)])
    file.append([reject(1)])
    file.append([reject(2, "refused"), reject(3)])
    length = file.append([reject(4)])
    assert list(read(tmp_path, length)) == [reject(1), reject(2, "refused"), reject(3), reject(4)]
    assert (tmp_path / NAME).stat().st_size == length
