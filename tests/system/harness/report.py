"""Tables of counts that are printed when all tests are done."""

_tables = {}


def add(title, head, row):
    _tables.setdefault(title, [head]).append([str(cell) for cell in row])


def tables():
    """As plain data, for another process to take."""
    return _tables


def take(tables):
    """Those of a process that ran a part of the tests."""
    for title, (head, *rows) in tables.items():
        _tables.setdefault(title, [head]).extend(rows)


def lines():
    """Each table with its title, its columns aligned."""
    found = []
    for title, rows in _tables.items():
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        found += ["", title]
        found += ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return found
