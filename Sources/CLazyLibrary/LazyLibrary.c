#include "CLazyLibrary.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

void *dagkit_lazy_symbol(const char *library, const char *name)
{
    // The system counts how often a library is opened and opens it once.
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void *symbol = handle == NULL ? NULL : dlsym(handle, name);
    if (symbol == NULL) {
        fprintf(stderr, "error: cannot load a library: %s; install its package\n", dlerror());
        fflush(NULL);
        _Exit(127);
    }
    return symbol;
}
