#!/usr/bin/env python3
"""Write zone.def from a folder of compiled zoneinfo: zones.py [DIR] > zone.def

Offsets from 2024-01-01 to 2041-01-01 UTC. Zones with one history share it.
The release is read from DIR/tzdata.zi or DIR/+VERSION.
"""
import datetime, os, re, sys, zoneinfo

folder = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/zoneinfo"
zoneinfo.reset_tzpath([folder])
BEGIN = int(datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
END = int(datetime.datetime(2041, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
STEP = 6 * 3600


def release():
    for name, pattern in (("tzdata.zi", r"# version (\S+)"), ("+VERSION", r"(\S+)")):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return re.search(pattern, open(path).readline()).group(1)
    sys.exit(f"{folder} does not say its release")


def offset(zone, t):
    return int(datetime.datetime.fromtimestamp(t, zone).utcoffset().total_seconds())


def history(zone):
    first = last = offset(zone, BEGIN)
    changes = []
    for t in range(BEGIN, END, STEP):
        now = offset(zone, min(t + STEP, END))
        if now == last:
            continue
        lo, hi = t, t + STEP
        while hi - lo > 1:
            mid = (lo + hi) // 2
            if offset(zone, mid) == last:
                lo = mid
            else:
                hi = mid
        changes.append((hi, now))
        last = now
    return first, tuple(changes)


names = sorted(n for n in zoneinfo.available_timezones() if re.fullmatch(r"[A-Za-z0-9_+/-]+", n) and n not in ("localtime", "posixrules", "Factory"))
histories = {n: history(zoneinfo.ZoneInfo(n)) for n in names}
print("/*")
print(" * ZONE_RELEASE, ZONE_CHANGE and ZONE rows: offsets east of UTC in seconds from")
print(" * 2024-01-01 to 2041-01-01. Made by zones.py from the IANA time zone database.")
print(" */")
print("/* clang-format off */")
print(f'#define ZONE_RELEASE "{release()}"')
seen = {}
print("static const struct zone_change zone_changes[] = {")
at = 0
for n in names:
    changes = histories[n][1]
    if changes in seen:
        continue
    seen[changes] = at
    at += len(changes)
    line = ""
    for t, o in changes:
        cell = "{%d,%d}," % (t, o)
        if len(line) + len(cell) > 150:
            print(line)
            line = ""
        line += cell
    if line:
        print(line)
print("{0,0}};")
print("static const struct zone zones[] = {")
for n in names:
    first, changes = histories[n]
    print('{"%s",%d,%d,%d},' % (n, first, seen[changes], len(changes)))
print("};")
