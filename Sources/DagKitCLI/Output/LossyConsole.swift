import Synchronization

/// The console of a program that nobody may hold up: lines that whoever reads them does not take are left out and counted.
final class LossyConsole: Sendable {
    /// How long a reader that took all lines so far may take for one.
    private static let patience: Duration = .milliseconds(50)

    private let console: Console
    private let wholeLog: String
    private let leftOut = Mutex(0)

    /// - Parameter wholeLog: Where all lines are, which those who read on are told.
    init(_ console: Console, wholeLog: String) {
        self.console = console
        self.wholeLog = wholeLog
    }

    func note(_ line: String) {
        leftOut.withLock { leftOut in
            do {
                if leftOut > 0 {
                    let remark = "(\(leftOut) lines were not read and left out here; \(wholeLog) has all)"
                    guard try console.note(remark, within: .zero) else {
                        leftOut += 1
                        return
                    }
                    leftOut = 0
                }
                if try !console.note(line, within: Self.patience) { leftOut += 1 }
            } catch {
                // Nobody reads the console any more: the file has the line.
            }
        }
    }
}
