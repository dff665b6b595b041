"""``python -m cuealign.cli``: the command ``cuealign``."""

import sys

from cuealign.cli.main import main

sys.exit(main())
