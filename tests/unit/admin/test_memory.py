"""How processes get their memory: few regions, however many threads allocate at once; what is free goes back."""

import os
import subprocess
import sys

import pytest

REGIONS = """
import ctypes, sys, threading
from admin.memory import share_regions

libc = ctypes.CDLL(None)
if not hasattr(libc, "mallopt") or not hasattr(libc, "malloc_info"):
    print("another library")
    sys.exit()
share_regions()
together = threading.Barrier(8)

def allocate():
    together.wait()
    kept = [bytearray(50_000) for _ in range(20)]
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


@pytest.mark.parametrize(("environment", "most"), [({}, 2), ({"MALLOC_ARENA_MAX": "1"}, 1)])
def test_threads_share_two_regions(environment: dict[str, str], most: int) -> None:
    """Who sets the number in the environment is heard."""
    ran = subprocess.run(
        [sys.executable, "-c", REGIONS], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    if "another library" in ran.stdout:
        pytest.skip("another C library than glibc")
    assert 1 <= ran.stdout.count("<heap nr=") <= most


GIVEN_BACK = """
import ctypes, resource, time
from admin.memory import give_back_regularly

if not hasattr(ctypes.CDLL(None), "malloc_trim"):
    print("another library")
    raise SystemExit

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6

rush = [bytes(3_000) for _ in range(10_000)]
kept = rush[::20]  # some of it lasts, here and there
del rush
before = resident_mb()
give_back_regularly(0.05)
for _ in range(200):
    time.sleep(0.05)
    if resident_mb() < before - 15:
        break
print(round(before - resident_mb()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_rush_needed_goes_back_to_the_system_though_some_of_it_lasts() -> None:
    ran = subprocess.run([sys.executable, "-c", GIVEN_BACK], capture_output=True, text=True, check=True)
    if "another library" in ran.stdout:
        pytest.skip("another C library than glibc")
    assert int(ran.stdout) >= 15  # of thirty
