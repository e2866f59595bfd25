import sys

from linecapi.main import main

sys.exit(main())
