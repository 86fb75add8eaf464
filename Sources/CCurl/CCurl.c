#include "CCurl.h"

#include "CLazyLibrary.h"

#define LIBRARY "libcurl.so.4"

DAGKIT_LAZY(void, curl_easy_cleanup, (CURL *curl), (curl))
DAGKIT_LAZY(CURL *, curl_easy_init, (void), ())
DAGKIT_LAZY(const char *, curl_easy_strerror, (CURLcode code), (code))
DAGKIT_LAZY(void, curl_free, (void *p), (p))
DAGKIT_LAZY(CURLcode, curl_global_init, (long flags), (flags))
DAGKIT_LAZY(CURLMcode, curl_multi_add_handle, (CURLM *multi_handle, CURL *curl_handle), (multi_handle, curl_handle))
DAGKIT_LAZY(CURLMcode, curl_multi_cleanup, (CURLM *multi_handle), (multi_handle))
DAGKIT_LAZY(CURLMsg *, curl_multi_info_read, (CURLM *multi_handle, int *msgs_in_queue), (multi_handle, msgs_in_queue))
DAGKIT_LAZY(CURLM *, curl_multi_init, (void), ())
DAGKIT_LAZY(
    CURLMcode, curl_multi_perform,
    (CURLM *multi_handle, int *running_handles),
    (multi_handle, running_handles))
DAGKIT_LAZY(
    CURLMcode, curl_multi_poll,
    (CURLM *multi_handle, struct curl_waitfd extra_fds[], unsigned int extra_nfds, int timeout_ms, int *ret),
    (multi_handle, extra_fds, extra_nfds, timeout_ms, ret))
DAGKIT_LAZY(
    CURLMcode, curl_multi_remove_handle,
    (CURLM *multi_handle, CURL *curl_handle),
    (multi_handle, curl_handle))
DAGKIT_LAZY(CURLMcode, curl_multi_wakeup, (CURLM *multi_handle), (multi_handle))
DAGKIT_LAZY(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *data), (list, data))
DAGKIT_LAZY(void, curl_slist_free_all, (struct curl_slist *list), (list))
DAGKIT_LAZY(CURLU *, curl_url, (void), ())
DAGKIT_LAZY(void, curl_url_cleanup, (CURLU *handle), (handle))
DAGKIT_LAZY(
    CURLUcode, curl_url_get,
    (CURLU *handle, CURLUPart what, char **part, unsigned int flags),
    (handle, what, part, flags))
DAGKIT_LAZY(
    CURLUcode, curl_url_set,
    (CURLU *handle, CURLUPart what, const char *part, unsigned int flags),
    (handle, what, part, flags))
DAGKIT_LAZY(const char *, curl_url_strerror, (CURLUcode code), (code))

// The header's macros of these names check types, in front of a function that the program does not have.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#define curl_easy_setopt DAGKIT_LAZY_VARIADIC(curl_easy_setopt)
#define curl_easy_getinfo DAGKIT_LAZY_VARIADIC(curl_easy_getinfo)

CURLcode dagkit_curl_set_long(CURL *easy, CURLoption option, long value)
{
    return curl_easy_setopt(easy, option, value);
}

CURLcode dagkit_curl_set_size(CURL *easy, CURLoption option, curl_off_t value)
{
    return curl_easy_setopt(easy, option, value);
}

CURLcode dagkit_curl_set_text(CURL *easy, CURLoption option, const char *value)
{
    return curl_easy_setopt(easy, option, value);
}

CURLcode dagkit_curl_set_bytes(CURL *easy, const void *bytes, curl_off_t count)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, count);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, (const char *)bytes) : code;
}

CURLcode dagkit_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value)
{
    return curl_easy_setopt(easy, option, value);
}

CURLcode dagkit_curl_set_pointer(CURL *easy, CURLoption option, void *value)
{
    return curl_easy_setopt(easy, option, value);
}

CURLcode dagkit_curl_set_callback(CURL *easy, CURLoption option, dagkit_curl_data value)
{
    return curl_easy_setopt(easy, option, value);
}

long dagkit_curl_get_long(CURL *easy, CURLINFO info)
{
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

curl_off_t dagkit_curl_get_size(CURL *easy, CURLINFO info)
{
    curl_off_t value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

const char *dagkit_curl_get_text(CURL *easy, CURLINFO info)
{
    char *value = NULL;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}

CURLcode dagkit_curl_result(CURLM *multi)
{
    int left = 0;
    struct CURLMsg *message = curl_multi_info_read(multi, &left);
    return message != NULL && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}
