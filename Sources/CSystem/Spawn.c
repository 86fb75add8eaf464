#define _GNU_SOURCE
#include "CSystem.h"

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static int is_target(const struct dagkit_spawn_request *request, int descriptor) {
    for (int i = 0; i < request->count; i++)
        if (request->targets[i] == descriptor) return 1;
    return 0;
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct dagkit_spawn_request *request) {
    int highest = 2;
    for (int i = 0; i < request->count; i++) {
        int code = posix_spawn_file_actions_adddup2(actions, request->sources[i], request->targets[i]);
        if (code != 0) return code;
        if (request->targets[i] > highest) highest = request->targets[i];
    }
    for (int descriptor = 3; descriptor < highest; descriptor++) {
        if (is_target(request, descriptor)) continue;
        int code = posix_spawn_file_actions_addclose(actions, descriptor);
        if (code != 0) return code;
    }
    int code = posix_spawn_file_actions_addclosefrom_np(actions, highest + 1);
    if (code == 0 && request->folder) code = posix_spawn_file_actions_addchdir_np(actions, request->folder);
    return code;
}

static int set_attributes(posix_spawnattr_t *attributes, int separation) {
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (separation == 1) flags |= POSIX_SPAWN_SETPGROUP;
    if (separation == 2) flags |= POSIX_SPAWN_SETSID;
    // The child starts as from a shell: nothing blocked, nothing ignored, whatever this process does with its signals.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, flags);
}

int dagkit_spawn(const struct dagkit_spawn_request *request, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) return code;
    code = posix_spawnattr_init(&attributes);
    if (code == 0) {
        char *const *environment = request->environment ? request->environment : environ;
        code = add_actions(&actions, request);
        if (code == 0) code = set_attributes(&attributes, request->separation);
        if (code == 0)
            code = posix_spawn(pid, request->path, &actions, &attributes, request->arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}
