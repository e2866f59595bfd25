// For pages that the server draws anew while someone works in them: the field that is being typed in, and what someone
// has opened, are newer than any answer.
const morph = window.Idiomorph.defaults;
morph.ignoreActiveValue = true;
morph.callbacks.beforeAttributeUpdated = (name, node, kind) => !(name === "open" && kind === "remove" && node.matches("details"));
