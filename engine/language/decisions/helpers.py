"""Functions that the programs of decisions call inside the sandbox. A program carries only those it uses.

Their names begin with two underscores, so no variable hides them; nor does one hide what they use: `type` is captured
before data named `type` can hide it, classes have names of our own, and types are compared with those of literals.
A reader gives the empty tuple for what is not of its kind, and lets nothing (null) pass.
"""

import re

from engine.language.decisions.kinds import DURATION_PATTERN, TIME_PATTERN, Kind

_NAME = re.compile(r"\b__[a-z_]+\b")
_READERS = {
    Kind.ANY: """\
    if type(v) is not __Decimal: return v
    return __int(v) if v == v // 1 else __float(v)""",
    Kind.NUMBER: "    return v if v is None or type(v) is type(0) or type(v) is type(0.0) else ()",
    Kind.INTEGER: """\
    v = __read_number(v)
    return v if v is None or v == () or v == v // 1 else ()""",
    Kind.STRING: "    return v if v is None or type(v) is type('') else ()",
    Kind.BOOLEAN: "    return v if v is None or v is True or v is False else ()",
    Kind.DATE: """\
    if v is None or type(v) is __date: return v
    try: return __date.fromisoformat(v)
    except: return ()""",
    Kind.DATETIME: """\
    if v is None: return v
    try: at = v if type(v) is __datetime else __datetime.fromisoformat(v)
    except: return ()
    return at if at.tzinfo else at.replace(tzinfo=__timezone.utc)""",
    Kind.TIME: """\
    if v is None or type(v) is __timedelta: return v
    try: found = __time_pattern.fullmatch(v).groups()
    except: return ()
    return __timedelta(0, (__whole(found[0]) * 60 + __whole(found[1])) * 60 + __whole(found[2]))""",
    Kind.DAYS: """\
    if v is None or type(v) is __timedelta: return v
    try: minus, years, months, days, hours, minutes, seconds, rest = __duration_pattern.fullmatch(v).groups()
    except: return ()
    if __whole(years) or __whole(months): return ()
    whole = (__whole(hours) * 60 + __whole(minutes)) * 60 + __whole(seconds)
    size = __timedelta(__whole(days), whole, __whole(((rest or '') + '000000')[:6]))
    return -size if minus else size""",
    Kind.MONTHS: """\
    if v is None or type(v) is type(0): return v
    try: minus, years, months, days, hours, minutes, seconds, rest = __duration_pattern.fullmatch(v).groups()
    except: return ()
    if __whole(days) or __whole(hours) or __whole(minutes) or __whole(seconds) or __whole(rest): return ()
    size = __whole(years) * 12 + __whole(months)
    return -size if minus else size""",
}
_WRITERS = {
    Kind.DATE: "    return v.isoformat()",
    Kind.DATETIME: "    return v.astimezone(__timezone.utc).isoformat().replace('+00:00', 'Z')",
    Kind.TIME: """\
    seconds = v.seconds
    return f'{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}'""",
    Kind.DAYS: """\
    size = -v if v.days < 0 else v
    hours, minutes, seconds = size.seconds // 3600, size.seconds // 60 % 60, size.seconds % 60
    exact = f'{seconds}.{size.microseconds:06d}'.rstrip('0') if size.microseconds else f'{seconds}'
    clock = (f'{hours}H' if hours else '') + (f'{minutes}M' if minutes else '') + (f'{exact}S' if exact != '0' else '')
    parts = (f'{size.days}D' if size.days else '') + (f'T{clock}' if clock else '')
    return ('-' if v.days < 0 else '') + 'P' + (parts or 'T0S')""",
    Kind.MONTHS: """\
    size = -v if v < 0 else v
    parts = (f'{size // 12}Y' if size // 12 else '') + (f'{size % 12}M' if size % 12 else '')
    return ('-' if v < 0 else '') + 'P' + (parts or '0M')""",
}
_OTHERS = {
    "__refuse": """\
def __refuse(index, problem, values):
    return {'input': index, 'problem': problem, 'value': f'{values[index]!r}'[:100]}""",
    "__whole": "def __whole(digits): return __int(digits or 0)",
    "__time_pattern": f"__time_pattern = __re.compile({TIME_PATTERN!r})",
    "__duration_pattern": f"__duration_pattern = __re.compile({DURATION_PATTERN!r})",
    "__truth": """\
def __truth(v):
    if v is True or v is False or v is None: return v
    raise ValueError(f'expected true or false, but got {v!r}')""",
    "__re": "import re as __re",
    "__matches": "def __matches(v, w, type=type): return v == w or (type(w) is type([]) and v in w)",
    "__add_months": """\
def __add_months(start, months):
    month = start.month - 1 + months
    first = start.replace(year=start.year + month // 12, month=month % 12 + 1, day=1)
    after = first + __timedelta(31)
    last = (after - __timedelta(after.day)).day
    return first.replace(day=start.day if start.day < last else last)""",
}


def reader_of(kind: Kind) -> str:
    """The function that gives a value as what it is compared as."""
    return f"__read_{kind.name.lower()}"


def converter_of(kind: Kind) -> str:
    """The reader that fails where the value is not of the kind."""
    return f"__to_{kind.name.lower()}"


def matcher_of(kind: Kind) -> str:
    """The function that tells whether a value, read before, is another or in a list of others."""
    return "__matches" if kind is Kind.ANY else f"__matches_{kind.name.lower()}"


def writer_of(kind: Kind) -> str:
    """The function that gives a date, time or duration as process data hold it."""
    return f"__write_{kind.name.lower()}"


def _define_all() -> dict[str, str]:
    found = dict(_OTHERS)
    for kind, body in _READERS.items():
        found[reader_of(kind)] = f"def {reader_of(kind)}(v, type=type):\n{body}"
        problem = f"raise ValueError(f'expected {kind.value}, but got {{v!r}}')"
        found[converter_of(kind)] = (
            f"def {converter_of(kind)}(v):\n    found = {reader_of(kind)}(v)\n"
            f"    if found == (): {problem}\n    return found"
        )
        if kind is not Kind.ANY:
            found[matcher_of(kind)] = (
                f"def {matcher_of(kind)}(v, w, type=type):\n    for one in (w if type(w) is type([]) else [w]):\n"
                f"        if {converter_of(kind)}(one) == v: return True\n    return False"
            )
    for kind, body in _WRITERS.items():
        found[writer_of(kind)] = f"def {writer_of(kind)}(v):\n    if v is None: return v\n{body}"
    return found


_DEFINITIONS = _define_all()


def define_helpers(code: str) -> str:
    """The definitions, each behind those it needs, of all that some code uses."""
    ordered: dict[str, str] = {}

    def add(text: str) -> None:
        for name in _NAME.findall(text):
            if name in _DEFINITIONS and name not in ordered:
                ordered[name] = ""  # being defined; no helper calls itself in a circle
                add(_DEFINITIONS[name].partition("\n")[2] or _DEFINITIONS[name])
                del ordered[name]
                ordered[name] = _DEFINITIONS[name]

    add(code)
    return "".join(f"{definition}\n" for definition in ordered.values())
