FROM python:3.11-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY kgqa kgqa
COPY loaders loaders
COPY migrations migrations
RUN pip install --no-cache-dir --constraint constraints.txt '.[minilm,serve]' && useradd --create-home kgqa && install -d -o kgqa /data
# The registry, with what people say of answers, is kept in /data: mount a volume there.
ENV KGQA_HOME=/data
USER kgqa
EXPOSE 8000
ENTRYPOINT ["kgqa"]
CMD ["--help"]
