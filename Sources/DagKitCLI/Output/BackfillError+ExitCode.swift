public import DagKitCore

extension BackfillError: ExitCodeError {
    public var exitCode: ExitCode {
        switch self {
        case .unknown: .notFound
        case .overlapping, .ended: .conflict
        case .emptyRange, .noSchedule, .noDates, .tooManyDates, .backwards: .usage
        }
    }
}
