// Linux calls that `import Glibc` hides from Swift. Every function follows the rule of the call that it wraps: -1 and errno on failure.
#ifndef DAGKIT_CSYSTEM_H
#define DAGKIT_CSYSTEM_H

// The system's words for an error number; NULL if it has none. Never freed.
const char *_Nullable dagkit_error_text(int code);

// Names the calling thread in the system's listings; at most 15 bytes count.
void dagkit_name_thread(const char *_Nonnull name);

#endif
