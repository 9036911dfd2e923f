"use strict";

// Shows the description that ?api= names, the first one by default.
const links = [...document.querySelectorAll("nav a[data-document]")];
const asked = new URLSearchParams(location.search).get("api");
const nameOf = (link) => new URLSearchParams(link.search).get("api");
const current = links.find((link) => nameOf(link) === asked) || links[0];

current.setAttribute("aria-current", "page");
for (const file of document.querySelectorAll("nav a[download]")) {
  file.href = file.getAttribute("href").replace(nameOf(links[0]), nameOf(current));
}
SwaggerUIBundle({
  url: current.dataset.document,
  dom_id: "#description",
  deepLinking: true,
  tryItOutEnabled: true,
  // The validator's badge would be an image from another host.
  validatorUrl: null,
});
