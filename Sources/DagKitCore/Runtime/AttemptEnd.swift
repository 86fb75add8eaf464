/// What an attempt gets that is told to end.
///
/// Its processes are asked once, by SIGTERM, and a Swift task is cancelled; what has not ended when the grace is over is
/// killed.
public enum AttemptEnd {
    /// How long the processes of an attempt have to end, from the moment at which they are asked to.
    public static let grace: Duration = .seconds(10)
}
