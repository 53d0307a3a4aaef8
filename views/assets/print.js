// Prints the page. What is on it can be saved and copied without this.
for (const button of document.querySelectorAll("button[data-prints]")) {
  button.addEventListener("click", () => window.print());
  button.hidden = false;
}
