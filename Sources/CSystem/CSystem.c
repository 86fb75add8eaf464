#define _GNU_SOURCE
#include "CSystem.h"

#include <string.h>
#include <sys/prctl.h>

const char *dagkit_error_text(int code) { return strerrordesc_np(code); }

void dagkit_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
