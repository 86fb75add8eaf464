import Glibc

extension FileSystem {
    /// The paths that a pattern of `*`, `?` and `[…]` matches, in order; none if there is none.
    ///
    /// - Throws: ``SystemError/failed(_:_:code:)`` if memory runs out.
    package static func paths(matching pattern: String) throws(SystemError) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        switch glob(pattern, 0, nil, &found) {
        case 0: break
        case GLOB_NOSPACE: throw .failed("search", pattern, code: ENOMEM)
        default: return []
        }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }

    /// Whether there is a file at `path`, or a folder in which one lies at any depth; links to folders are not followed.
    package static func holdsFile(_ path: String) -> Bool {
        guard isFolder(path) else { return exists(path) }
        let names = (try? names(in: path)) ?? []
        return names.contains { name in
            let inner = "\(path)/\(name)"
            return isFolder(inner, followingLinks: false) ? holdsFile(inner) : exists(inner)
        }
    }
}
