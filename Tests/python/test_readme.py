# SPDX-License-Identifier: Apache-2.0
"""What README says for Python, and the header for C."""

import doctest
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import fmtlab

ROOT = pathlib.Path(__file__).parents[2]


def test_readme():
    blocks = [b for b in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S) if "import numpy as np, fmtlab" in b]
    assert len(blocks) == 1
    test = doctest.DocTestParser().get_doctest(blocks[0], {}, "README.md", "README.md", 0)
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL).run(test)
    assert results.attempted > 8 and results.failed == 0


def test_readme_of_the_package():
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "Sources" / "python" / "README.md").read_text(), re.S)
    exec(block, {})


PROGRAM = r"""
#include "fmtlab.h"
#include <stdio.h>
#include <string.h>
int main(void) {
  float x[3] = {0.3f, 500, -1}, y[3];
  char message[FMTLAB_MESSAGE], *json = NULL;
  fmtlab_rounding to = {.format = "e4m3fn", .overflow = "saturate"};
  if (fmtlab_round(&to, 4, x, y, 3, message) != FMTLAB_OK || y[0] != 0.3125f || y[1] != 448 || y[2] != -1) return 1;
  to.format = "e9";
  if (fmtlab_round(&to, 4, x, y, 3, message) != FMTLAB_BAD_ARGUMENT || !strstr(message, "unknown format 'e9'")) return 2;
  if (fmtlab_round(&to, 4, x, y, 3, NULL) != FMTLAB_BAD_ARGUMENT || fmtlab_round(NULL, 4, x, y, 3, NULL) != FMTLAB_BAD_ARGUMENT) return 3;
  fmtlab_sum sum = {.format = "bf16", .accumulator = "bf16"};
  double a[] = {256, 1, 1, 1}, b[] = {1, 1, 1, 1};
  if (fmtlab_dot(&sum, 4, a, b, 0, &json, message) != FMTLAB_OK || !strstr(json, "\"error\":-3,")) return 4;
  fmtlab_free(json);
  return 0;
}
"""


def test_the_header_is_c(tmp_path):
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        pytest.fail("no C compiler") if os.environ.get("CI") else pytest.skip("no C compiler")
    library = pathlib.Path(os.environ.get("FMTLAB_LIBRARY") or pathlib.Path(fmtlab.__file__).with_name("libfmtlabc.so"))
    (tmp_path / "program.c").write_text(PROGRAM)
    subprocess.run(
        [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "Sources" / "CInterface", "program.c", library, f"-Wl,-rpath,{library.parent}",
         "-Wl,--allow-shlib-undefined", "-o", "program"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "program"]).returncode == 0
