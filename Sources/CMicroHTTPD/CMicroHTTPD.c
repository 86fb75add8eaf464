#include "CMicroHTTPD.h"

#include <string.h>

#include "CLazyLibrary.h"

#define LIBRARY "libmicrohttpd.so.12"

DAGKIT_LAZY(
    enum MHD_Result, MHD_add_response_header,
    (struct MHD_Response *response, const char *header, const char *content),
    (response, header, content))
DAGKIT_LAZY(
    struct MHD_Response *, MHD_create_response_from_buffer,
    (size_t size, void *buffer, enum MHD_ResponseMemoryMode mode),
    (size, buffer, mode))
DAGKIT_LAZY(
    struct MHD_Response *, MHD_create_response_from_callback,
    (uint64_t size, size_t block_size, MHD_ContentReaderCallback crc, void *crc_cls, MHD_ContentReaderFreeCallback crfc),
    (size, block_size, crc, crc_cls, crfc))
DAGKIT_LAZY(
    struct MHD_Response *, MHD_create_response_from_fd64,
    (uint64_t size, int fd),
    (size, fd))
DAGKIT_LAZY(void, MHD_destroy_response, (struct MHD_Response *response), (response))
DAGKIT_LAZY(
    int, MHD_get_connection_values,
    (struct MHD_Connection *connection, enum MHD_ValueKind kind, MHD_KeyValueIterator iterator, void *iterator_cls),
    (connection, kind, iterator, iterator_cls))
DAGKIT_LAZY(
    enum MHD_Result, MHD_queue_response,
    (struct MHD_Connection *connection, unsigned int status_code, struct MHD_Response *response),
    (connection, status_code, response))
DAGKIT_LAZY(MHD_socket, MHD_quiesce_daemon, (struct MHD_Daemon *daemon), (daemon))
DAGKIT_LAZY(void, MHD_resume_connection, (struct MHD_Connection *connection), (connection))
DAGKIT_LAZY(void, MHD_stop_daemon, (struct MHD_Daemon *daemon), (daemon))
DAGKIT_LAZY(void, MHD_suspend_connection, (struct MHD_Connection *connection), (connection))

#define MHD_start_daemon DAGKIT_LAZY_VARIADIC(MHD_start_daemon)
#define MHD_get_connection_info DAGKIT_LAZY_VARIADIC(MHD_get_connection_info)

enum MHD_Result dagkit_mhd_yes(void) { return MHD_YES; }

enum MHD_Result dagkit_mhd_no(void) { return MHD_NO; }

// Paths and queries arrive as they were sent: our own decoder can tell "%2F" from "/".
static size_t dagkit_mhd_keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

struct MHD_Daemon *dagkit_mhd_start(
    int listener, unsigned int connections, unsigned int connections_per_address, unsigned int idle_seconds,
    MHD_AccessHandlerCallback access, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback connection, void *(*target)(void *, const char *, struct MHD_Connection *),
    void *context)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME, 0, NULL, NULL, access, context,
        MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, connections_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context,
        MHD_OPTION_NOTIFY_CONNECTION, connection, context,
        MHD_OPTION_URI_LOG_CALLBACK, target, context,
        MHD_OPTION_UNESCAPE_CALLBACK, dagkit_mhd_keep_escapes, NULL,
        MHD_OPTION_END);
}

int dagkit_mhd_is_start(enum MHD_ConnectionNotificationCode code)
{
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}

int dagkit_mhd_socket(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

const struct sockaddr *dagkit_mhd_peer(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

void dagkit_mhd_headers(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context)
{
    MHD_get_connection_values(connection, MHD_HEADER_KIND, each, context);
}

struct MHD_Response *dagkit_mhd_copy(const void *bytes, size_t count)
{
    return MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}

struct MHD_Response *dagkit_mhd_stream(
    int64_t count, MHD_ContentReaderCallback read, void *context, MHD_ContentReaderFreeCallback release)
{
    return MHD_create_response_from_callback(
        count < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)count, 16 * 1024, read, context, release);
}

ssize_t dagkit_mhd_end(void) { return MHD_CONTENT_READER_END_OF_STREAM; }

ssize_t dagkit_mhd_error(void) { return MHD_CONTENT_READER_END_WITH_ERROR; }
