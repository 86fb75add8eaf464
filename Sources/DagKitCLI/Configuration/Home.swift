import DagKitCore
import DagKitSystem
import Glibc

/// The folder that a deployment lives in: its databases, logs, keys and sockets.
public struct Home: Hashable, Sendable {
    /// Why it is this folder.
    public enum Origin: Hashable, Sendable, CustomStringConvertible {
        case flag
        case environment(String)
        case project(String)
        case user

        public var description: String {
            switch self {
            case .flag: "--home"
            case .environment(let name): name
            case .project(let file): "beside \(file)"
            case .user: "the user's data folder"
            }
        }
    }

    /// The absolute path, without a slash at its end.
    public let path: String
    public let origin: Origin

    /// The DAG bag of the deployment; `nil` if there is none.
    public let bag: String?

    /// A bag that was not used, since another user could have planted it.
    package let refusedBag: String?

    /// The metadata database, unless the configuration names another.
    public var database: String { path + "/dagkit.db" }
    /// The project's configuration.
    public var configurationFile: String { path + "/dagkit.cfg" }
    public var logs: String { path + "/logs" }

    /// Finds the home of a command.
    ///
    /// - Parameter flag: The value of `--home`.
    package static func find(flag: String?, environment: [String: String], files: FileView) -> Home {
        let (nearest, refused) = nearestBag(environment, files)
        let absolute = { (path: String) in Self.absolute(path, environment, files) }
        let found: (path: String, origin: Origin)
        if let flag {
            found = (absolute(flag), .flag)
        } else if let name = ["DAGKIT_HOME", "AIRFLOW_HOME"].first(where: { !(environment[$0] ?? "").isEmpty }
        ) {
            found = (absolute(environment[name] ?? ""), .environment(name))
        } else if let nearest {
            found = (FileSystem.parent(of: nearest) + "/.dagkit", .project(nearest))
        } else {
            found = (userFolder(environment, "XDG_DATA_HOME", ".local/share", files), .user)
        }
        let candidates = [found.path + "/dags.json", FileSystem.parent(of: found.path) + "/dags.json"]
        let bag = nearest ?? candidates.first { files.owner($0).map(files.trusts) ?? false }
        return Home(path: found.path, origin: found.origin, bag: bag, refusedBag: refused)
    }

    /// The configuration files, the strongest first: the project's, the user's, the system's.
    package func configurationFiles(environment: [String: String], files: FileView) -> [String] {
        let user = Self.userFolder(environment, "XDG_CONFIG_HOME", ".config", files)
        return [configurationFile, user + "/dagkit.cfg", "/etc/dagkit/dagkit.cfg"]
    }

    /// The nearest dags.json at or above the working folder.
    ///
    /// It can name commands to run, so one that somebody else may have written is left alone.
    private static func nearestBag(
        _ environment: [String: String], _ files: FileView
    ) -> (found: String?, refused: String?) {
        var folder = files.workingFolder
        var refused: String?
        while true {
            let candidate = folder == "/" ? "/dags.json" : folder + "/dags.json"
            if let owner = files.owner(candidate) {
                if files.trusts(owner) { return (candidate, refused) }
                refused = refused ?? candidate
            }
            if folder == "/" || folder.isEmpty { return (nil, refused) }
            folder = FileSystem.parent(of: folder)
        }
    }

    private static func userFolder(
        _ environment: [String: String], _ name: String, _ usual: String, _ files: FileView
    ) -> String {
        let base = environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (base ?? files.userHome(environment) + "/" + usual) + "/dagkit"
    }

    static func absolute(_ path: String, _ environment: [String: String], _ files: FileView) -> String {
        var full = path
        if path == "~" || path.hasPrefix("~/") { full = files.userHome(environment) + path.dropFirst() }
        if !full.hasPrefix("/") { full = files.workingFolder + "/" + full }
        var parts: [Substring] = []
        for part in full.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}

/// What finding a home asks of the file system; replaced in tests.
package struct FileView: Sendable {
    package var workingFolder: String
    package var user: UInt32

    /// The user who owns a file; `nil` if there is none.
    package var owner: @Sendable (String) -> UInt32?
    package var readText: @Sendable (String) throws -> String?

    package init(
        workingFolder: String, user: UInt32, owner: @escaping @Sendable (String) -> UInt32?,
        readText: @escaping @Sendable (String) throws -> String?
    ) {
        self.workingFolder = workingFolder
        self.user = user
        self.owner = owner
        self.readText = readText
    }

    /// Whether files of `owner` may tell this process what to run.
    func trusts(_ owner: UInt32) -> Bool { owner == user || owner == 0 }

    func userHome(_ environment: [String: String]) -> String {
        if let home = environment["HOME"], home.hasPrefix("/") { return home }
        return getpwuid(getuid()).flatMap { String(cString: $0.pointee.pw_dir) } ?? "/"
    }

    /// The file system of this machine.
    static func system() -> FileView {
        FileView(
            workingFolder: currentFolder(), user: getuid(),
            owner: { path in
                var status = stat()
                return stat(path, &status) == 0 ? status.st_uid : nil
            },
            readText: { path in
                guard FileSystem.exists(path) else { return nil }
                // A pipe would keep its reader waiting for ever.
                guard FileSystem.isFile(path) else {
                    throw ConfigurationError.unreadable(path, reason: "it is no regular file")
                }
                return try FileSystem.readText(path, limit: 16 << 20)
            })
    }

    private static func currentFolder() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}
