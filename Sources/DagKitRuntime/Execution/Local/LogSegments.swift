import DagKitSystem
import Glibc

/// The files of one log, which never take more than a limit on the disk.
///
/// `attempt=1.log` holds the beginning. A log that gets longer goes on in `attempt=1.log.1`, `.2` and so on; of these only the
/// last three are kept, so that the beginning and the end of any log can be read. Each cut is told in a line of its own. No
/// file is ever renamed, so that who reads one is not misled.
///
/// A file that was removed is made again; where the log's folder cannot be written, the log goes to another place. What cannot
/// be written at all is counted and told later: the task is never stopped for it.
final class LogSegments {
    /// How many files a log has at most.
    private static let count = 4

    private let path: String
    private let fallback: String?
    private let segmentLimit: Int
    private let render: (String) -> [UInt8]

    /// Is told in one line what is wrong with the place of the log.
    var warn: (String) -> Void = { _ in }
    private var file: FileDescriptor
    private var base: String
    private var number = 0
    private var size = 0
    private var lost = 0
    private var endsWithinLine = false

    /// Whether nothing was added since the file was opened.
    private var isFresh = true

    /// Opens the log at `path`, whose folder is made, or, where that cannot be, at `fallback`.
    ///
    /// - Parameters:
    ///   - limit: The most bytes on the disk.
    ///   - isFirst: Whether its folder is likely not to be there; it is only a matter of speed.
    ///   - render: Makes a line of the log from a warning.
    init(
        _ path: String, orElse fallback: String?, limit: Int, isFirst: Bool = false,
        render: @escaping (String) -> [UInt8]
    ) throws {
        self.path = path
        self.fallback = fallback
        self.render = render
        segmentLimit = max(1, limit / Self.count)
        base = path
        // What lies in a folder that was just made begins with nothing.
        let isNew = isFirst && FileSystem.startFolder(FileSystem.parent(of: path))
        do {
            file = try Self.open(path)
        } catch {
            guard let fallback, !error.isShortage || error.isDiskFull else { throw error }
            file = try Self.open(fallback)
            base = fallback
            _ = write(render("\(error); the log lies here instead"))
        }
        if !isNew { takeUp() }
    }

    /// Whether the log lies in the other place.
    var isFallback: Bool { base != path }

    /// How many bytes should be handed over at once at most.
    var pieceLimit: Int { min(1 << 16, max(1, segmentLimit / 2)) }

    /// Adds whole lines.
    func append(_ bytes: [UInt8]) {
        if size > 0, size + bytes.count > segmentLimit { moveOn() }
        if !isFresh, isGone { openAgain() }
        isFresh = false
        if lost > 0 { tellLoss() }
        if lost > 0 || !write(bytes) { lost += bytes.count }
    }

    /// Tells what could not be written, if it can be told now.
    func finish() {
        if lost > 0 { tellLoss() }
    }

    // MARK: Files

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
        } catch {
            guard error.code == ENOENT else { throw error }
            try FileSystem.createFolder(FileSystem.parent(of: path))
            return try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
        }
    }

    private static func segment(_ base: String, _ number: Int) -> String {
        number == 0 ? base : "\(base).\(number)"
    }

    /// Goes on where an earlier attempt of the same try left off.
    private func takeUp() {
        size = currentSize
        guard size >= segmentLimit else { return }
        while FileSystem.exists(Self.segment(base, number + 1)) { number += 1 }
        if number > 0, let last = try? Self.open(Self.segment(base, number)) {
            file = last
            size = currentSize
        }
    }

    private var currentSize: Int {
        var status = stat()
        return fstat(file.raw, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Whether somebody removed the file; what is written to it then is nowhere.
    private var isGone: Bool {
        var status = stat()
        return fstat(file.raw, &status) == 0 && status.st_nlink == 0
    }

    private func openAgain() {
        do {
            file = try Self.open(Self.segment(base, number))
            size = 0
            _ = write(render("the log was removed while the task ran; it goes on here"))
        } catch {
            guard let fallback, base != fallback, let other = try? Self.open(fallback) else { return }
            warn("\(error); the log goes on in \(fallback)")
            base = fallback
            file = other
            number = 0
            size = currentSize
            _ = write(render("\(error); the log of \(path) goes on here"))
        }
    }

    /// Goes on in the next file, and removes the oldest but the first if there are too many.
    private func moveOn() {
        let next = Self.segment(base, number + 1)
        guard let following = try? Self.open(next) else { return }
        _ = write(render("the log goes on in \(Self.name(of: next))"))
        file = following
        number += 1
        size = currentSize
        let oldest = number - Self.count + 1
        guard oldest > 0 else { return }
        let removed = Self.segment(base, oldest)
        try? FileSystem.remove(removed)
        _ = write(
            render(
                "\(Self.name(of: removed)) was removed: the log is longer than its limit of "
                    + "\(segmentLimit * Self.count) bytes, of which the first and the last are kept"))
    }

    private static func name(of path: String) -> Substring { path.split(separator: "/").last ?? "" }

    // MARK: Bytes

    private func tellLoss() {
        let line = render("\(lost) bytes of the log are lost: they could not be written")
        // It may stand behind the half of a line that still found room.
        if write(endsWithinLine ? [UInt8(ascii: "\n")] + line : line) { lost = 0 }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        do {
            while !rest.isEmpty {
                let count = try file.write(rest)
                rest = rest.dropFirst(count)
                size += count
            }
            endsWithinLine = false
            return true
        } catch {
            if rest.count < bytes.count { endsWithinLine = true }
            return false
        }
    }
}
