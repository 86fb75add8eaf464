import DagKitCore
import DagKitSQL
import DagKitSystem
import FoundationEssentials

/// The soundness of the metadata database, and the backups to go back to.
struct DatabaseHealth {
    private let keeper: any DatabaseKeeper
    private let place: DatabasePlace

    /// When a scheduler reads the whole file, by its size: a start must not take long, and no disk be busy for minutes.
    enum Moment: Equatable {
        case beforeStart, besideWork, never

        init(size: Int64) {
            self = size <= 16 << 20 ? .beforeStart : size <= 256 << 20 ? .besideWork : .never
        }
    }

    init(_ workspace: Workspace) throws {
        keeper = workspace.system.databases
        place = try workspace.databasePlace()
    }

    /// Reads the database and refuses one with damaged pages.
    ///
    /// - Throws: ``CommandError/unreachable(_:remedy:)`` that names the newest backup.
    func requireSound() async throws {
        guard keeper.exists(place) else { return }
        let damage: [String]
        do {
            damage = try await keeper.damage(of: place)
        } catch let error as SQLError where error.kind == .corrupt {
            damage = [error.message]
        }
        if !damage.isEmpty {
            throw Self.damaged(place, damage, newestBackup: try keeper.backups(of: place).last)
        }
    }

    /// When a scheduler that starts now should call ``requireSound()``.
    var moment: Moment { Moment(size: keeper.size(of: place)) }

    private static func damaged(
        _ place: DatabasePlace, _ damage: [String], newestBackup: String?
    ) -> CommandError {
        let more = damage.count > 1 ? " (and \(damage.count - 1) more)" : ""
        return .unreachable(
            "the database \"\(place.path)\" is damaged: \(damage.first ?? "")\(more)",
            remedy: newestBackup.map { "go back to the newest backup with: dagctl db restore \"\($0)\"" }
                ?? "there is no backup in \"\(place.backupFolder)\"; move the file away and run: dagctl db migrate"
        )
    }
}

extension DatabasePlace {
    /// Where backups lie unless they are told another place.
    var backupFolder: String { home + "/backups" }

    /// The path of a backup that is made now; such names sort by their instant.
    func backup(at now: Date, mark: String = "") -> String {
        "\(backupFolder)/dagkit-\(Self.mark(of: now))\(mark).db"
    }

    /// Where the file goes that makes room for a backup.
    func displaced(at now: Date) -> String { "\(path).before-\(Self.mark(of: now))" }

    /// An instant as it stands in a file's name: `20260102T030405Z`.
    private static func mark(of now: Date) -> String {
        now.formatted(.iso8601).replacing("-", with: "").replacing(":", with: "")
    }
}
