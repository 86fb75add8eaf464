import DagKitSystem
import Glibc
import Testing

@Suite struct ZoneInfoTests {
    private let folder: TemporaryFolder
    private let zones: ZoneInfo

    init() throws {
        folder = try TemporaryFolder()
        try FileSystem.createFolder(folder.path("zones/Europe"))
        try FileSystem.write(Array("TZif2 rest".utf8), to: folder.path("zones/Europe/Paris"))
        try FileSystem.write(Array("# version 2025b\n# more".utf8), to: folder.path("zones/tzdata.zi"))
        try FileSystem.write(Array("TZif secret".utf8), to: folder.path("outside"))
        zones = ZoneInfo(folder: folder.path("zones"))
    }

    @Test func `a zone is found by its name`() throws {
        #expect(try zones.bytes(of: "Europe/Paris") == Array("TZif2 rest".utf8))
    }

    @Test(arguments: [
        "", "../outside", "/etc/passwd", "Europe/../../outside", "Europe//Paris", "Europe/", "a\0b", "é",
        "-x",
    ])
    func `a name that could lead elsewhere is refused`(name: String) {
        #expect(throws: ZoneInfoError.notAName(name)) { try zones.bytes(of: name) }
    }

    @Test(arguments: ["Europe/Pariss", "Europe"])
    func `a zone that is not there is not known`(name: String) {
        #expect(throws: ZoneInfoError.unknown(name)) { try zones.bytes(of: name) }
    }

    @Test func `a file that is no zone is not known`() throws {
        try FileSystem.write(Array("text".utf8), to: folder.path("zones/leapseconds"))

        #expect(throws: ZoneInfoError.unknown("leapseconds")) { try zones.bytes(of: "leapseconds") }
    }

    @Test func `a missing database is told apart from a missing zone`() {
        #expect(throws: ZoneInfoError.noDatabase(folder.path("none"))) {
            try ZoneInfo(folder: folder.path("none")).bytes(of: "UTC")
        }
    }

    @Test func `the release is read from the database`() throws {
        #expect(zones.version == "2025b")

        try FileSystem.write(Array("2024a\n".utf8), to: folder.path("zones/+VERSION"))
        #expect(zones.version == "2024a")
    }

    @Test func `the system has UTC`() throws {
        #expect(try ZoneInfo.system().bytes(of: "UTC").starts(with: "TZif".utf8))
        #expect(ZoneInfo.system(directory: "/x").folder == "/x")
    }
}
