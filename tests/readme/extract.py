"""Prints the README's C++ example, so that the build compiles what readers copy."""

import re
import sys
from pathlib import Path

examples = re.findall(r"^```cpp\n(.*?)^```$", Path(sys.argv[1]).read_text(), re.M | re.S)
if len(examples) != 1:
    sys.exit(f"{sys.argv[1]} has {len(examples)} C++ examples, expected 1")
print(examples[0], end="")
