import CCurl

/// The settings of one transfer, and what the library tells of it.
///
/// Texts are copied by the library; lists and the error text live as long as this value.
struct CurlTransfer: ~Copyable {
    let easy: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private let lists = CurlLists()

    /// - Throws: ``CurlFailure`` if there is no memory.
    init() throws(CurlFailure) {
        guard let easy = curl_easy_init() else {
            throw CurlFailure(code: CURLE_OUT_OF_MEMORY, reason: "there is no memory")
        }
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        dagkit_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        // No signal handlers, and no wait for a name look-up that a cancelled transfer leaves behind.
        dagkit_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        dagkit_curl_set_long(easy, CURLOPT_QUICK_EXIT, 1)
    }

    deinit {
        curl_easy_cleanup(easy)
        errorText.deallocate()
    }

    /// - Throws: ``CurlFailure`` if the library refuses the value.
    func set(_ option: CURLoption, _ value: Int) throws(CurlFailure) {
        try check(dagkit_curl_set_long(easy, option, value))
    }

    /// - Throws: ``CurlFailure`` if the library refuses the value.
    func set(_ option: CURLoption, _ value: String) throws(CurlFailure) {
        try check(dagkit_curl_set_text(easy, option, value))
    }

    /// Sets a duration in milliseconds; one that is shorter counts as one, since zero stands for no limit.
    ///
    /// - Throws: ``CurlFailure`` if the library refuses the value.
    func set(_ option: CURLoption, _ value: Duration) throws(CurlFailure) {
        let (seconds, attoseconds) = value.components
        let milliseconds = min(seconds, 1_000_000) * 1000 + attoseconds / 1_000_000_000_000_000
        try set(option, Int(max(1, milliseconds)))
    }

    /// - Throws: ``CurlFailure`` if the library refuses the value.
    func set(_ option: CURLoption, size value: Int) throws(CurlFailure) {
        try check(dagkit_curl_set_size(easy, option, curl_off_t(value)))
    }

    /// - Throws: ``CurlFailure`` if the library refuses the value.
    func set(_ option: CURLoption, list values: [String]) throws(CurlFailure) {
        try check(dagkit_curl_set_list(easy, option, lists.make(values)))
    }

    /// Sets the body that is sent.
    ///
    /// - Throws: ``CurlFailure`` if the library refuses the value.
    func setBody(_ bytes: [UInt8]) throws(CurlFailure) {
        try check(
            bytes.withUnsafeBytes {
                dagkit_curl_set_bytes(easy, $0.baseAddress ?? UnsafeRawPointer(easy), curl_off_t($0.count))
            })
    }

    /// Sets a callback and the object that it is called with, which the caller keeps alive.
    ///
    /// - Throws: ``CurlFailure`` if the library refuses the value.
    func set(
        _ option: CURLoption, _ callback: @escaping dagkit_curl_data, for contextOption: CURLoption,
        _ context: AnyObject
    ) throws(CurlFailure) {
        try check(dagkit_curl_set_callback(easy, option, callback))
        try check(
            dagkit_curl_set_pointer(easy, contextOption, Unmanaged.passUnretained(context).toOpaque()))
    }

    /// A number that the library tells after the transfer.
    func number(_ info: CURLINFO) -> Int {
        dagkit_curl_get_long(easy, info)
    }

    /// A time since the start of the transfer.
    func time(_ info: CURLINFO) -> Duration {
        .microseconds(dagkit_curl_get_size(easy, info))
    }

    /// What went wrong, in the library's words.
    func failure(_ code: CURLcode) -> CurlFailure {
        let text = String(cString: errorText)
        return CurlFailure(
            code: code, reason: text.isEmpty ? String(cString: curl_easy_strerror(code)) : text,
            wasConnecting: time(CURLINFO_PRETRANSFER_TIME_T) == .zero)
    }

    private func check(_ code: CURLcode) throws(CurlFailure) {
        guard code == CURLE_OK else {
            throw CurlFailure(code: code, reason: String(cString: curl_easy_strerror(code)))
        }
    }
}

/// The C lists of a transfer, freed with it.
private final class CurlLists {
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    deinit {
        for list in lists { curl_slist_free_all(list) }
    }

    func make(_ values: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values { list = curl_slist_append(list, value) ?? list }
        if let list { lists.append(list) }
        return list
    }
}
