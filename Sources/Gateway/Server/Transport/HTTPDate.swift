import FoundationEssentials
import Synchronization

/// The value of `Date` (RFC 9110 §5.6.7), made once a second.
final class HTTPDate: Sendable {
    private let last = Mutex<(second: Int, text: String)?>(nil)

    func text(_ date: Date) -> String {
        let second = Int(date.timeIntervalSince1970.rounded(.down))
        return last.withLock { last in
            if let last, last.second == second { return last.text }
            let text = Self.text(second: second)
            last = (second, text)
            return text
        }
    }

    private static func text(second: Int) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let date = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second, .weekday],
            from: Date(timeIntervalSince1970: Double(second)))
        func number(_ value: Int?, _ digits: Int = 2) -> String {
            let text = String(value ?? 0)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][((date.weekday ?? 1) - 1) % 7]
        let month = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ][((date.month ?? 1) - 1) % 12]
        return "\(weekday), \(number(date.day)) \(month) \(number(date.year, 4)) "
            + "\(number(date.hour)):\(number(date.minute)):\(number(date.second)) GMT"
    }
}
