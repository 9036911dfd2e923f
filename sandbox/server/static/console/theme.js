// Before anything is drawn, so that the page does not flash in the other colours. The switch itself is in bar.js.
"use strict";
const chosen = localStorage.getItem("sandbox-theme");
if (chosen) document.documentElement.dataset.theme = chosen;
