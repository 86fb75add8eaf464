import Synchronization

/// Messages for one reader, who takes all that have come at once.
package final class Mailbox<Message: Sendable>: Sendable {
    private let state = Mutex(State())

    private struct State {
        var messages: [Message] = []
        var reader: CheckedContinuation<Void, Never>?
    }

    package init() {}

    /// Leaves a message and wakes the reader.
    package func post(_ message: Message) {
        let reader = state.withLock { state in
            state.messages.append(message)
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Whether such a message waits to be taken.
    package func holds(where isSuch: (Message) -> Bool) -> Bool {
        state.withLock { $0.messages.contains(where: isSuch) }
    }

    /// Everything that has come since the last call, in order; waits until there is something.
    ///
    /// Only one task may wait at a time.
    package func takeAll() async -> [Message] {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.messages.isEmpty { state.reader = continuation }
                return !state.messages.isEmpty
            }
            if isReady { continuation.resume() }
        }
        return state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }
}
