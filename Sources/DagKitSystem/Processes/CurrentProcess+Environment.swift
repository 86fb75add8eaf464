import Glibc

extension CurrentProcess {
    /// The environment of this process, for a child that is to get more than that.
    package static var environment: [String: String] {
        var texts: [String] = []
        var entry = Glibc.environ
        while let text = entry.pointee {
            texts.append(String(cString: text))
            entry += 1
        }
        return variables(texts)
    }

    fileprivate static func variables(_ entries: [String]) -> [String: String] {
        let pairs = entries.compactMap { text -> (String, String)? in
            let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return halves.count == 2 ? (String(halves[0]), String(halves[1])) : nil
        }
        // The first of two entries is the one that getenv finds.
        return Dictionary(pairs) { first, _ in first }
    }
}

/// The environment of this process as it stood at a moment, to be set back.
package struct EnvironmentImage: Sendable {
    private let entries: [[CChar]]

    /// The environment as it stands.
    package static func now() -> EnvironmentImage {
        var entries: [[CChar]] = []
        var entry = Glibc.environ
        while let text = entry.pointee {
            entries.append(Array(UnsafeBufferPointer(start: text, count: strlen(text) + 1)))
            entry += 1
        }
        return EnvironmentImage(entries: entries)
    }

    /// Makes the environment what it was; costs a comparison where nothing has changed.
    package func restore() {
        if isCurrent { return }
        let wanted = variables
        let current = CurrentProcess.environment
        for name in current.keys where wanted[name] == nil { unsetenv(name) }
        for (name, value) in wanted where current[name] != value { setenv(name, value, 1) }
    }

    private var isCurrent: Bool {
        var entry = Glibc.environ
        for saved in entries {
            guard let text = entry.pointee, strcmp(text, saved) == 0 else { return false }
            entry += 1
        }
        return entry.pointee == nil
    }

    private var variables: [String: String] {
        let texts = entries.map {
            String(decoding: $0.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return CurrentProcess.variables(texts)
    }
}
