#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int dagkit_local_socket(void) { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

int dagkit_local_socket_pair(int *ends) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static int set_address(struct sockaddr_un *address, const char *path, socklen_t *length) {
    size_t count = strlen(path);
    if (count >= sizeof address->sun_path) return errno = ENAMETOOLONG, -1;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, count + 1);
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count + 1);
    return 0;
}

int dagkit_local_bind(int descriptor, const char *path) {
    struct sockaddr_un address;
    socklen_t length;
    if (set_address(&address, path, &length) != 0) return -1;
    return bind(descriptor, (struct sockaddr *)&address, length);
}

int dagkit_local_connect(int descriptor, const char *path) {
    struct sockaddr_un address;
    socklen_t length;
    if (set_address(&address, path, &length) != 0) return -1;
    return connect(descriptor, (struct sockaddr *)&address, length);
}

int dagkit_accept(int descriptor) { return accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int dagkit_peer(int descriptor, pid_t *pid, uid_t *uid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
    *pid = peer.pid;
    *uid = peer.uid;
    return 0;
}

ssize_t dagkit_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL);
}

ssize_t dagkit_send_descriptor(int descriptor, const void *bytes, size_t count, int passed) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &passed, sizeof passed);
    return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

ssize_t dagkit_receive_descriptor(int descriptor, void *bytes, size_t count, int *passed) {
    *passed = -1;
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t received = recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            memcpy(passed, CMSG_DATA(header), sizeof *passed);
    return received;
}

int dagkit_notify(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address;
    socklen_t length;
    if (set_address(&address, path, &length) != 0) return -1;
    if (path[0] == '@') {
        // The abstract name space: a zero byte in the place of the `@`, and no zero at the end.
        address.sun_path[0] = 0;
        length -= 1;
    }
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    ssize_t sent = sendto(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, length);
    int code = errno;
    close(descriptor);
    errno = code;
    return sent < 0 ? -1 : 0;
}
