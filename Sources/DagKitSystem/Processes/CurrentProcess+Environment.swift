import Glibc

extension CurrentProcess {
    /// The environment of this process, for a child that is to get more than that.
    package static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = Glibc.environ
        while let text = entry.pointee {
            let halves = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // The first of two entries is the one that getenv finds.
            if halves.count == 2, variables[String(halves[0])] == nil {
                variables[String(halves[0])] = String(halves[1])
            }
            entry += 1
        }
        return variables
    }
}
