#define _GNU_SOURCE
#include "CSystem.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

const uint32_t dagkit_readable = EPOLLIN;
const uint32_t dagkit_writable = EPOLLOUT;
const uint32_t dagkit_hung_up = EPOLLHUP | EPOLLERR | EPOLLRDHUP;
const uint32_t dagkit_once = EPOLLONESHOT;

int dagkit_wait_for_hang_up(int descriptor, int other) {
    struct pollfd watched[] = {{.fd = descriptor, .events = POLLRDHUP}, {.fd = other, .events = POLLIN}};
    while (poll(watched, 2, -1) < 1) {}
    return watched[0].revents != 0;
}

int dagkit_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int descriptor, uint32_t readiness, uint64_t token) {
    struct epoll_event event = {.events = readiness, .data.u64 = token};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int dagkit_epoll_add(int epoll, int descriptor, uint32_t readiness, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, readiness, token);
}

int dagkit_epoll_modify(int epoll, int descriptor, uint32_t readiness, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, readiness, token);
}

int dagkit_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

int dagkit_epoll_wait(int epoll, struct dagkit_event *events, int capacity, int milliseconds) {
    struct epoll_event found[64];
    int count = epoll_wait(epoll, found, capacity < 64 ? capacity : 64, milliseconds);
    for (int i = 0; i < count; i++)
        events[i] = (struct dagkit_event){.token = found[i].data.u64, .readiness = found[i].events};
    return count;
}

int dagkit_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int dagkit_timer(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK); }

int dagkit_timer_set(int timer, int64_t seconds, int64_t nanoseconds) {
    struct itimerspec setting = {.it_value = {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, 0);
}
