import sys

from llmtl_helpers.cli import main

if __name__ == "__main__":
    sys.exit(main())
