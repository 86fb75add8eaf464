#pragma once

#include <curl/curl.h>

typedef size_t (*dagkit_curl_data)(char *bytes, size_t size, size_t count, void *context);

// Swift cannot call variadic functions: one function for each type of argument.

CURLcode dagkit_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode dagkit_curl_set_size(CURL *easy, CURLoption option, curl_off_t value);
CURLcode dagkit_curl_set_text(CURL *easy, CURLoption option, const char *value);
CURLcode dagkit_curl_set_bytes(CURL *easy, const void *bytes, curl_off_t count);
CURLcode dagkit_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
CURLcode dagkit_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode dagkit_curl_set_callback(CURL *easy, CURLoption option, dagkit_curl_data value);
long dagkit_curl_get_long(CURL *easy, CURLINFO info);
curl_off_t dagkit_curl_get_size(CURL *easy, CURLINFO info);
const char *dagkit_curl_get_text(CURL *easy, CURLINFO info);

// The result of the one transfer of a multi handle, once it has ended.
CURLcode dagkit_curl_result(CURLM *multi);
