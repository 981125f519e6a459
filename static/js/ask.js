// Ctrl+Enter sends the question to a model on a public page.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  if (event.target.form?.id === "try-form") event.target.form.requestSubmit();
});
