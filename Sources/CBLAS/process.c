// SPDX-License-Identifier: Apache-2.0
// What `fmtlab run` hears of a process that has loaded this library.

#include "emulation.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((visibility("hidden"))) int fmtlab_intercepted;

/// Writes a file of the process into FMTLAB_RUN.
static void tell(const char *what, const char *text) {
  const char *directory = getenv("FMTLAB_RUN");
  if (!directory || !*directory) return;
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%d.%s", directory, (int)getpid(), what) >= (int)sizeof path) return;
  FILE *file = fopen(path, "w");
  if (!file) return;
  fputs(text, file);
  fclose(file);
}

__attribute__((constructor)) static void started(void) { tell("started", ""); }

/// A process that multiplied nothing here, but has a BLAS of its own, whose functions have other names or were bound before.
__attribute__((destructor)) static void ended(void) {
  if (__atomic_load_n(&fmtlab_intercepted, __ATOMIC_RELAXED)) return;
  FILE *maps = fopen("/proc/self/maps", "r");
  if (!maps) return;
  static const char *names[] = {"openblas", "libmkl", "libblis", "libarmpl", "libatlas", "libblas"};
  char line[4096], found[4096] = "";
  while (!*found && fgets(line, sizeof line, maps)) {
    char *path = strchr(line, '/');
    for (size_t i = 0; path && !*found && i < sizeof names / sizeof *names; i++)
      if (strstr(path, names[i]) && !strstr(path, "libfmtlabblas")) strcpy(found, path);
  }
  fclose(maps);
  found[strcspn(found, "\n")] = 0;
  if (*found) tell("other", found);
}
