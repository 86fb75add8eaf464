/// The language of mails and pages; `crypto.language`.
public enum Language: String, CaseIterable, Hashable, Sendable {
    case french = "fr"
    case english = "en"

    /// How numbers read in it.
    public var numbers: NumberText { self == .french ? .french : .english }

    /// The text of the language.
    func pick(fr french: String, en english: String) -> String { self == .french ? french : english }
}
