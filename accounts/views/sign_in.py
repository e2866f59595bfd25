from typing import Any

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import sessions
from accounts.forms import SignInForm


class SignIn(LoginView):
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """What django-axes answers after too many wrong passwords for one username from one address.

    `response`: what a view has answered already, if it knows better how to say so.
    """
    if response is not None and response.status_code == 429:
        return response
    seconds = sessions.wait(request)
    form = SignInForm(request, initial={"username": request.POST.get("username", "")})
    context = {"form": form, "minutes": round(seconds / 60)}
    page = render(request, "accounts/sign_in.html", context, status=429)
    page["Retry-After"] = str(seconds)
    return page
