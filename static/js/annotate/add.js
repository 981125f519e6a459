// The form for a row that is added by hand: its conversation, or its labels.
import "./checks.js";
import "./turns.js";
