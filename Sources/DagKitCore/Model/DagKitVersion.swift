/// The version of this software.
public enum DagKitVersion {
    /// The version that is built, as it is tagged: `0.1.0`.
    public static let current = "0.1.0"
}
