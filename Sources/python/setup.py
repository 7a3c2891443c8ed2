# SPDX-License-Identifier: Apache-2.0
# The wheel holds a library for one kind of machine, and serves every Python 3: no code is compiled against its headers.

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class WithLibrary(Distribution):
    def has_ext_modules(self):
        return True


class ForAnyPython(bdist_wheel):
    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


setup(distclass=WithLibrary, cmdclass={"bdist_wheel": ForAnyPython})
