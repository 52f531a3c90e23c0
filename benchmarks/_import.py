"""Run as a file in a fresh process: the CPU time of importing one module."""

import sys
from time import process_time

before = set(sys.modules)
start = process_time()
__import__(sys.argv[1])
seconds = process_time() - start
print(f'{{"seconds": {seconds}, "modules": {len(set(sys.modules) - before)}}}')
