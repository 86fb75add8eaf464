import CSystem
import Glibc

/// A thread of our own, which hears no signals.
enum OwnThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread that ends when `body` returns.
    ///
    /// - Parameter name: What debuggers show; at most 15 bytes.
    /// - Throws: ``SystemError`` with `EAGAIN` if the system gives no thread.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // The new thread inherits the signal mask: signals are for the main thread, and no call here sees EINTR.
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(name, body))
        let code = pthread_create(&thread, &attributes, runBody, body.toOpaque())
        guard code != 0 else { return }
        body.release()
        throw .failed("start a thread", nil, code: code)
    }

    fileprivate static func run(_ body: UnsafeMutableRawPointer) {
        let body = Unmanaged<Body>.fromOpaque(body).takeRetainedValue()
        dagkit_name_thread(body.name)
        body.run()
    }
}

/// The start routine of a thread: a file-scope function, so that it belongs to no actor.
private func runBody(_ body: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let body { OwnThread.run(body) }
    return nil
}
