import DagKitSystem
import Glibc

/// Runs a shell script and collects what it prints.
func output(
    of script: String, environment: [String: String]? = nil, folder: String? = nil,
    descriptors: [Int32: Int32] = [:]
) async throws -> (text: String, exit: ProcessExit) {
    let (child, reader) = try start(script, environment, folder, descriptors)
    var bytes: [UInt8] = []
    while true {
        _ = try await Reactor.shared.wait(for: .readable, on: reader.raw)
        guard let chunk = try reader.read(upTo: 4096), !chunk.isEmpty else { break }
        bytes += chunk
    }
    return (String(decoding: bytes, as: UTF8.self), try await child.wait())
}

private func start(
    _ script: String, _ environment: [String: String]?, _ folder: String?, _ descriptors: [Int32: Int32]
) throws -> (ChildProcess, PipeReader) {
    let ends = try FileDescriptor.pipe()
    let child = try ChildProcess.start(
        Command(
            "/bin/sh", ["-c", script], environment: environment, folder: folder,
            descriptors: descriptors.merging([1: ends.writer.raw]) { first, _ in first }))
    return (child, PipeReader(try ends.reader.duplicate()))
}

/// The reading end of a pipe whose writing end the child alone holds.
private final class PipeReader {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    var raw: Int32 { descriptor.raw }

    func read(upTo limit: Int) throws -> [UInt8]? { try descriptor.read(upTo: limit) }
}

/// An instant some seconds from now, for waits that would otherwise hang a broken test.
func soon(_ seconds: Int = 20) -> BootTimeClock.Instant {
    BootTimeClock().now.advanced(by: .seconds(seconds))
}
