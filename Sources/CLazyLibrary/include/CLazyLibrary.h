// Loads a library of the system when its first function is called, not when the program starts.
//
// libcurl, libpq and libmicrohttpd bring some forty libraries with them, of which a scheduler at rest needs none: each costs
// time at the start of every command, and memory in every worker.
#pragma once

#include <stddef.h>

// The address of a function. A library that is not there ends the program with a line that says so, as the system's own loader
// would have done at its start.
void *dagkit_lazy_symbol(const char *library, const char *name);

// Defines a function of the library LIBRARY that loads it and hands the call on. It stays within the program: the libraries
// themselves never see it.
#define DAGKIT_LAZY(result, name, parameters, arguments)                              \
    __attribute__((visibility("hidden"))) result name parameters                      \
    {                                                                                 \
        static __typeof__(name) *real;                                                \
        __typeof__(name) *found = __atomic_load_n(&real, __ATOMIC_ACQUIRE);           \
        if (found == NULL) {                                                          \
            found = (__typeof__(name) *)dagkit_lazy_symbol(LIBRARY, #name);           \
            __atomic_store_n(&real, found, __ATOMIC_RELEASE);                         \
        }                                                                             \
        return found arguments;                                                       \
    }

// The address of a variadic function, which cannot be handed on.
#define DAGKIT_LAZY_VARIADIC(name) ((__typeof__(name) *)dagkit_lazy_symbol(LIBRARY, #name))
