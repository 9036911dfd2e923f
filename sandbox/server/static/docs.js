"use strict";

// Shows the description that ?api= names, the first one by default.
const links = [...document.querySelectorAll("nav a")];
const asked = new URLSearchParams(location.search).get("api");
const current = links.find((link) => new URLSearchParams(link.search).get("api") === asked) || links[0];

current.setAttribute("aria-current", "page");
SwaggerUIBundle({
  url: current.dataset.document,
  dom_id: "#description",
  deepLinking: true,
  tryItOutEnabled: true,
  // The validator's badge would be an image from another host.
  validatorUrl: null,
});
