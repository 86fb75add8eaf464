import Glibc

/// A program to start: an argument vector, never a line for a shell.
package struct Command: Sendable {
    /// How far the child stands apart from this process.
    package enum Separation: Int32, Sendable {
        case none = 0
        /// It leads a process group, so that one signal reaches it and its children.
        case group = 1
        /// It leads a session: no terminal's signals reach it.
        case session = 2
    }

    /// A path, or a name that is looked up in the `PATH` of ``environment``.
    package var program: String
    /// What follows the program's name.
    package var arguments: [String]
    /// The whole environment of the child; `nil` is this process's own.
    package var environment: [String: String]?
    /// Where the child starts; `nil` is this process's working folder.
    package var folder: String?
    /// The child's descriptors, each with the one of this process that it is a copy of. What is not named here is closed,
    /// but for 0, 1 and 2, which are inherited.
    package var descriptors: [Int32: Int32]
    package var separation: Separation
    /// Whether what is left of the child's group is killed with its end, and gets the signals that are sent to it; `false` for
    /// a group of which somebody else takes care.
    package var ownsGroup = true
    /// What the child is told to be its program's name; `nil` is ``program``.
    package var shownName: String?

    package init(
        _ program: String, _ arguments: [String] = [], environment: [String: String]? = nil,
        folder: String? = nil,
        descriptors: [Int32: Int32] = [:], separation: Separation = .group, shownName: String? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.descriptors = descriptors
        self.separation = separation
        self.shownName = shownName
    }

    /// Refuses texts that the kernel would take to end before their end.
    ///
    /// - Throws: ``SystemError`` with `EINVAL` that says which.
    func requireNoNUL() throws(SystemError) {
        func check(_ text: String, _ what: @autoclosure () -> String) throws(SystemError) {
            guard text.utf8.contains(0) else { return }
            throw .failed("give \(what()), which holds a NUL character, to program", program, code: EINVAL)
        }
        for (index, argument) in arguments.enumerated() { try check(argument, "argument \(index + 1)") }
        for (name, value) in environment ?? [:] {
            try check(name, "a variable")
            try check(value, "variable \(name)")
        }
        if program.utf8.contains(0) || folder?.utf8.contains(0) == true {
            throw .failed("start a program or folder whose name holds a NUL character", nil, code: EINVAL)
        }
    }

    /// The file to execute.
    ///
    /// - Throws: ``SystemError`` with `ENOENT` if no folder of `PATH` has an executable file of that name.
    package func resolvedProgram() throws(SystemError) -> String {
        if program.contains("/") { return program }
        let path = environment.map { $0["PATH"] } ?? Self.value(ofVariable: "PATH")
        for folder in (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let candidate = "\(folder)/\(program)"
            if access(candidate, X_OK) == 0, !FileSystem.isFolder(candidate) { return candidate }
        }
        throw .failed("find program", program, code: ENOENT)
    }

    private static func value(ofVariable name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
