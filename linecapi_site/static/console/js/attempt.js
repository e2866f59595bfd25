// An attempt's page: on small screens the details of a task stand below the tasks, so who asks for them is led there.
document.addEventListener("htmx:afterSettle", event => {
  const link = event.detail.requestConfig?.elt;
  if (link?.matches?.("[data-task]") && matchMedia("(max-width: 60rem)").matches) document.getElementById("task")?.scrollIntoView({block: "start"});
});
