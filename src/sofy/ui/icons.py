"""The icons of the product: tools/frontend.py builds the sprite from this list, the `icon` tag refuses any other name."""

NAMES: tuple[str, ...] = (
    "activity", "adjustments", "alert-circle", "alert-triangle", "antenna", "antenna-bars-5", "archive", "arrow-back-up",
    "arrow-left", "arrow-right", "arrows-split", "ban", "bell", "bolt", "book", "bookmark", "brand-html5", "building",
    "building-store", "bulb", "calendar", "calendar-event", "chart-bar", "chart-donut", "chart-line", "check",
    "checkbox", "checks", "chevron-down", "chevron-left", "chevron-right", "chevron-up", "circle", "circle-check",
    "circle-dashed", "circle-x", "click", "clipboard-list", "clock", "clock-pause", "code", "columns", "command",
    "copy", "cpu", "currency-euro", "database", "device-desktop", "device-mobile", "device-mobile-message", "devices",
    "door-exit", "dots", "dots-vertical", "download", "edit", "external-link", "eye", "eye-off", "file-alert",
    "file-import", "file-spreadsheet", "file-text", "file-type-pdf", "filter", "fingerprint", "flag", "flask", "folder",
    "forms", "gauge", "gift", "grid-dots", "hand-stop", "heartbeat", "help", "history", "home", "id", "inbox",
    "info-circle", "key", "keyboard", "language", "layout-grid", "link", "list", "list-check", "list-details", "lock",
    "lock-open", "login", "logout", "mail", "map-pin", "menu-2", "message", "message-2", "message-circle",
    "message-report", "messages", "mood-smile", "moon", "network", "note", "paperclip", "pencil", "percentage", "phone",
    "photo", "plane-departure", "player-pause", "player-play", "player-stop", "plug", "plus", "qrcode", "question-mark",
    "receipt", "receipt-euro", "refresh", "report", "report-analytics", "route", "router", "scale", "search", "send",
    "server", "settings", "shield", "shield-check", "shield-lock", "sitemap", "sort-ascending",
    "sort-descending", "speakerphone", "star", "sun", "sun-moon", "table", "table-export", "table-import", "tag",
    "target", "template", "test-pipe", "timeline", "tool", "trash", "trending-down", "trending-up", "trophy", "typography",
    "upload", "user", "user-check", "user-circle", "user-cog", "user-minus", "user-off", "user-plus", "user-shield",
    "user-x", "users", "users-group", "wand", "world", "x", "zoom-in", "zzz",
)
