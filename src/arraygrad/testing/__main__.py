"""`python -m arraygrad.testing [PLACE ...]`."""

import sys

from arraygrad.testing.core import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
