#pragma once

#include <microhttpd.h>

// Swift cannot call variadic functions, and the closed enums of this library import without their cases' names.

enum MHD_Result dagkit_mhd_yes(void);
enum MHD_Result dagkit_mhd_no(void);
struct MHD_Daemon *dagkit_mhd_start(
    int listener, unsigned int connections, unsigned int connections_per_address, unsigned int idle_seconds,
    MHD_AccessHandlerCallback access, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback connection, void *(*target)(void *, const char *, struct MHD_Connection *),
    void *context);
int dagkit_mhd_is_start(enum MHD_ConnectionNotificationCode code);
int dagkit_mhd_socket(struct MHD_Connection *connection);
const struct sockaddr *dagkit_mhd_peer(struct MHD_Connection *connection);
void dagkit_mhd_headers(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context);
struct MHD_Response *dagkit_mhd_copy(const void *bytes, size_t count);
// A count below zero stands for "not known": the body is sent in chunks.
struct MHD_Response *dagkit_mhd_stream(
    int64_t count, MHD_ContentReaderCallback read, void *context, MHD_ContentReaderFreeCallback release);
ssize_t dagkit_mhd_end(void);
ssize_t dagkit_mhd_error(void);
